-- Operations that devices refuse, or do not answer, and how often they obey them.
SELECT protocol, op, class,
       sum(count)                                                AS acts,
       sum(CASE WHEN outcome = 'answered' THEN count ELSE 0 END) AS answered,
       sum(CASE WHEN outcome = 'refused'  THEN count ELSE 0 END) AS refused,
       sum(CASE WHEN outcome = 'ignored'  THEN count ELSE 0 END) AS ignored
FROM acts
JOIN operations ON operations.key = operation
JOIN sessions   ON sessions.key = acts.session
JOIN places     ON places.key = place
GROUP BY protocol, op, class
HAVING refused + ignored > 0
ORDER BY refused + ignored DESC, protocol, op;
