-- Fenced: a worker that has lost its lease changes nothing.
UPDATE tasks
SET status = :status, next_attempt_at = coalesce(:next_attempt_at, next_attempt_at),
    finished_at = :finished_at, error = :error, worker = NULL, lease_until = NULL
WHERE id = :task_id AND status = 'running' AND attempts = :number
