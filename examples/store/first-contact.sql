-- How long each service listened before somebody came to it, in seconds.
SELECT l.persona, l.device, l.service,
       datetime(min(l.since) / 1000000000, 'unixepoch')  AS listens_since,
       round((min(s.opened) - min(l.since)) / 1e9, 1)    AS seconds_to_first,
       round((min(CASE WHEN n.scanner <> '' THEN s.opened END) - min(l.since)) / 1e9, 1) AS seconds_to_first_scanner
FROM listening l
LEFT JOIN places p ON p.origin = l.origin AND p.sensor = l.sensor AND p.persona = l.persona AND p.device = l.device AND p.service = l.service
LEFT JOIN sessions s ON s.place = p.key AND s.opened >= l.since
LEFT JOIN networks n ON n.key = s.network
GROUP BY l.persona, l.device, l.service
ORDER BY seconds_to_first, l.persona, l.device, l.service;
