SELECT count(*) FROM attempts
WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.id = attempts.task_id)
