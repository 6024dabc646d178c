-- Sources that are new on each day, and how many there are in all.
WITH first AS (
  SELECT src, min(date_trunc('day', opened AT TIME ZONE 'UTC')) AS day FROM 'sessions.parquet' GROUP BY src
)
SELECT day, count(*) AS new, sum(count(*)) OVER (ORDER BY day) AS in_all
FROM first
GROUP BY day
ORDER BY day;
