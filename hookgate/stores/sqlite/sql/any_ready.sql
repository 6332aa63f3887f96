SELECT EXISTS (
    SELECT 1 FROM tasks INDEXED BY tasks_ready
    WHERE status = 'pending' AND NOT waiting AND NOT blocked
)
