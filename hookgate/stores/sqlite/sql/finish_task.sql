-- Fenced: a worker that has lost its lease changes nothing.
UPDATE tasks
SET status = :status, finished_at = :finished_at, error = :error, worker = NULL,
    lease_until = NULL
WHERE id = :task_id AND status = 'running' AND attempts = :number
RETURNING arrival, source, key
