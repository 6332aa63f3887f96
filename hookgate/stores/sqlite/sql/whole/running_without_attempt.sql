SELECT count(*) FROM tasks
WHERE status = 'running' AND NOT EXISTS (
    SELECT 1 FROM attempts
    WHERE attempts.task_id = tasks.id AND number = tasks.attempts AND attempts.status = 'running'
)
