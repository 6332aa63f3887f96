UPDATE tasks
SET status = 'pending', attempts = attempts - 1, worker = NULL, lease_until = NULL,
    started_at = (
        SELECT max(started_at) FROM attempts
        WHERE task_id = tasks.id AND number < tasks.attempts
    )
WHERE id = ?1 AND status = 'running' AND attempts = ?2
