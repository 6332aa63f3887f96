SELECT EXISTS (
    SELECT 1 FROM tasks INDEXED BY tasks_waiting_since
    WHERE status = 'pending' AND waiting AND NOT blocked AND coalesce(started_at, created_at) > ?
)
