-- Sessions and sources by protocol, with and without research scanners.
SELECT protocol,
       count(*)                                       AS sessions,
       count(DISTINCT src)                            AS sources,
       count(*) FILTER (scanner = '')                 AS sessions_of_others,
       count(DISTINCT src) FILTER (scanner = '')      AS other_sources,
       round(avg(epoch(closed) - epoch(opened)), 3)   AS mean_seconds
FROM 'sessions.parquet'
GROUP BY protocol
ORDER BY sessions DESC, protocol;
