INSERT INTO attempts (task_id, number, trigger, status, started_at)
SELECT
    id, attempts,
    CASE attempts WHEN 1 THEN 'initial' WHEN attempts_before + 1 THEN 'manual' ELSE 'retry' END,
    'running', started_at
FROM tasks
WHERE arrival IN (SELECT value FROM json_each(?))
