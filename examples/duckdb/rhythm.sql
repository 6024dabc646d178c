-- Sessions by weekday and hour, UTC. Compare with the hours of the visitors' own
-- countries before calling it office hours.
SELECT dayname(opened AT TIME ZONE 'UTC') AS weekday,
       hour(opened AT TIME ZONE 'UTC')    AS hour,
       count(*)                           AS sessions,
       count(DISTINCT src)                AS sources
FROM 'sessions.parquet'
WHERE scanner = ''
GROUP BY ALL
ORDER BY min(isodow(opened AT TIME ZONE 'UTC')), hour;
