-- ATT&CK techniques that acts prove, by protocol; H: the operation is the
-- technique, M: its usual meaning.
SELECT t.id AS technique, t.confidence AS confidence, protocol,
       count(*) AS acts, count(DISTINCT session) AS sessions, count(DISTINCT src.ip) AS sources
FROM read_json('events.jsonl', format = 'newline_delimited',
     columns = {kind: 'VARCHAR', session: 'VARCHAR', protocol: 'VARCHAR', src: 'STRUCT(ip VARCHAR)', analysis: 'STRUCT(techniques STRUCT(id VARCHAR, confidence VARCHAR)[])'}),
     unnest(analysis.techniques) AS u(t)
WHERE kind = 'act'
GROUP BY ALL
ORDER BY sessions DESC, technique, protocol;
