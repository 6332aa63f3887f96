-- Each number is counted by an index, and no further than :most.
SELECT
    (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'pending' LIMIT :most)) AS pending,
    (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'running' LIMIT :most)) AS running,
    (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'failed' LIMIT :most)) AS failed,
    (SELECT min(next_attempt_at) FROM tasks INDEXED BY tasks_due WHERE status = 'pending')
        AS next_due
