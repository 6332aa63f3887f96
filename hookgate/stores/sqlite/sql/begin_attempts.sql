INSERT INTO attempts (task_id, number, trigger, status, started_at)
SELECT id, attempts, iif(attempts = 1, 'initial', 'retry'), 'running', started_at FROM tasks
WHERE id IN (SELECT value FROM json_each(?))
