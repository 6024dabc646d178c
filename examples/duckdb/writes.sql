-- What is written and controlled, where, and whether the device obeyed.
SELECT protocol, op, target_kind, target,
       count(*)                                  AS acts,
       count(DISTINCT src)                       AS sources,
       count(*) FILTER (outcome = 'answered')    AS obeyed,
       list(DISTINCT value ORDER BY value)[1:5]  AS some_values
FROM 'acts.parquet'
WHERE class IN ('write', 'control', 'mode', 'program_download', 'config', 'firmware', 'restart', 'file_write')
GROUP BY ALL
ORDER BY acts DESC, protocol, op, target;
