-- Sources as text, with what they did the gravest. An IPv4 address is the last
-- four of the 16 octets.
WITH seen AS (
  SELECT hex(src) AS h, src, count(*) AS sessions, max(severity) AS severity, max(score) / 1000.0 AS score, max(as_org) AS as_org
  FROM sessions GROUP BY src
), octet AS (
  SELECT src, n, (instr('0123456789ABCDEF', substr(h, 2 * n + 25, 1)) - 1) * 16 + instr('0123456789ABCDEF', substr(h, 2 * n + 26, 1)) - 1 AS v
  FROM seen, (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3)
), dotted AS (
  SELECT src, max(CASE n WHEN 0 THEN v END) || '.' || max(CASE n WHEN 1 THEN v END) || '.' || max(CASE n WHEN 2 THEN v END) || '.' || max(CASE n WHEN 3 THEN v END) AS text
  FROM octet GROUP BY src
)
SELECT CASE WHEN h LIKE '00000000000000000000FFFF%' THEN dotted.text ELSE lower(h) END AS source,
       sessions, severity, score, as_org
FROM seen JOIN dotted USING (src)
ORDER BY severity DESC, sessions DESC, source
LIMIT 50;
