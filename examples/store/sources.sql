-- Sources as text, with what they did the gravest. An IPv4 address is the last
-- four of the 16 octets.
WITH octet AS (
  SELECT key, n, (instr('0123456789ABCDEF', substr(hex(addr), 2 * n + 25, 1)) - 1) * 16 + instr('0123456789ABCDEF', substr(hex(addr), 2 * n + 26, 1)) - 1 AS v
  FROM sources, (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3)
), dotted AS (
  SELECT key, max(CASE n WHEN 0 THEN v END) || '.' || max(CASE n WHEN 1 THEN v END) || '.' || max(CASE n WHEN 2 THEN v END) || '.' || max(CASE n WHEN 3 THEN v END) AS text
  FROM octet GROUP BY key
)
SELECT CASE WHEN hex(addr) LIKE '00000000000000000000FFFF%' THEN text ELSE lower(hex(addr)) END AS src,
       count(*) AS sessions, max(severity) AS severity, max(score) / 1000.0 AS score, max(as_org) AS as_org
FROM sessions
JOIN sources ON sources.key = source
JOIN dotted ON dotted.key = source
JOIN networks ON networks.key = network
JOIN verdicts ON verdicts.key = verdict
GROUP BY source
ORDER BY severity DESC, sessions DESC, src
LIMIT 50;
