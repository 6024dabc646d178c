-- The days with the most sessions, without known research scanners.
SELECT date(opened / 1000000000, 'unixepoch') AS day,
       count(*)                               AS sessions,
       count(DISTINCT source)                 AS sources,
       max(severity)                          AS severity
FROM sessions
JOIN networks ON networks.key = network
JOIN verdicts ON verdicts.key = verdict
WHERE scanner = ''
GROUP BY day
ORDER BY sessions DESC, day
LIMIT 20;
