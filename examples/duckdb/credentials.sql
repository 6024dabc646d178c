-- Pairs that are tried, and where they work.
SELECT cred.user AS "user", cred.secret AS secret,
       list(DISTINCT protocol ORDER BY protocol) AS protocols,
       count(*)                                  AS tries,
       count(DISTINCT src.ip)                    AS sources,
       count(*) FILTER (outcome = 'answered')    AS accepted
FROM read_json('events.jsonl', format = 'newline_delimited',
     columns = {kind: 'VARCHAR', protocol: 'VARCHAR', outcome: 'VARCHAR', src: 'STRUCT(ip VARCHAR)', cred: 'STRUCT("user" VARCHAR, secret VARCHAR)'})
WHERE kind = 'act' AND cred.secret <> ''
GROUP BY ALL
ORDER BY tries DESC, "user", secret;
