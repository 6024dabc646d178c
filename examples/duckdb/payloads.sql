-- Requests that are the same to the octet. Those that several sources send come
-- from one program.
SELECT protocol, op, request_len, request[:48] AS begins,
       count(*) AS times, count(DISTINCT src.ip) AS sources
FROM read_json('events.jsonl', format = 'newline_delimited',
     columns = {kind: 'VARCHAR', protocol: 'VARCHAR', op: 'VARCHAR', src: 'STRUCT(ip VARCHAR)', request: 'VARCHAR', request_len: 'BIGINT'})
WHERE kind = 'act' AND request_len > 0
GROUP BY protocol, op, request_len, request
ORDER BY sources DESC, times DESC, protocol, begins
LIMIT 50;
