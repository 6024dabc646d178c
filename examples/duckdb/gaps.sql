-- Gaps between a visitor's acts by the monotonic clock, which no step of the
-- system's clock spoils. What we send unasked is left out.
WITH acts AS (
  SELECT session, protocol, seq, at_us - lag(at_us) OVER (PARTITION BY session ORDER BY seq) AS gap
  FROM read_json('events.jsonl', format = 'newline_delimited', columns = {kind: 'VARCHAR', session: 'VARCHAR', protocol: 'VARCHAR', seq: 'BIGINT', at_us: 'BIGINT', class: 'VARCHAR'})
  WHERE kind = 'act' AND class <> 'report'
)
SELECT session, protocol,
       count(gap)                        AS gaps,
       round(median(gap) / 1e6, 3)       AS median_seconds,
       round(stddev_pop(gap) / avg(gap), 2) AS variation,
       count(*) FILTER (gap < 150000)    AS machine_gaps,
       count(*) FILTER (gap BETWEEN 2000000 AND 120000000) AS human_gaps
FROM acts
GROUP BY session, protocol
HAVING count(gap) >= 2
ORDER BY median_seconds DESC, session;
