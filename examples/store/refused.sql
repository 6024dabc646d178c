-- Operations that devices refuse, or do not answer, and how often they obey them.
SELECT protocol, op, class,
       sum(acts)                                             AS acts,
       sum(CASE WHEN outcome = 'answered' THEN acts ELSE 0 END) AS answered,
       sum(CASE WHEN outcome = 'refused'  THEN acts ELSE 0 END) AS refused,
       sum(CASE WHEN outcome = 'ignored'  THEN acts ELSE 0 END) AS ignored
FROM hours
GROUP BY protocol, op, class
HAVING refused + ignored > 0
ORDER BY refused + ignored DESC, protocol, op;
