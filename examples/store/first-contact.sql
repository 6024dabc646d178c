-- How long each service listened before somebody came to it, in seconds.
SELECT l.persona, l.device, l.service,
       datetime(min(l.since) / 1000000000, 'unixepoch')                 AS listens_since,
       round((min(s.opened) - min(l.since)) / 1e9, 1)                   AS seconds_to_first,
       round((min(CASE WHEN s.scanner <> '' THEN s.opened END) - min(l.since)) / 1e9, 1) AS seconds_to_first_scanner
FROM listening l
LEFT JOIN sessions s ON s.sensor = l.sensor AND s.persona = l.persona AND s.device = l.device AND s.service = l.service AND s.opened >= l.since
GROUP BY l.persona, l.device, l.service
ORDER BY seconds_to_first, l.persona, l.device, l.service;
