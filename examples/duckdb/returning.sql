-- Who comes on several days, or to several protocols.
SELECT src, any_value(as_org) AS as_org, any_value(country) AS country,
       count(DISTINCT date_trunc('day', opened AT TIME ZONE 'UTC'))          AS days,
       list(DISTINCT protocol ORDER BY protocol)          AS protocols,
       list(DISTINCT label ORDER BY label)                AS labels,
       max(severity)                                      AS severity
FROM 'sessions.parquet'
GROUP BY src
HAVING days > 1 OR len(protocols) > 1
ORDER BY severity DESC, days DESC, src;
