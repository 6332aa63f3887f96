-- The predecessor has ended: of those behind it, the one that was recorded first is next.
UPDATE tasks SET blocked = 0
WHERE arrival = (
    SELECT arrival FROM tasks INDEXED BY tasks_of_key
    WHERE source = ? AND key = ? AND key IS NOT NULL AND status IN ('pending', 'running')
    ORDER BY arrival
    LIMIT 1
)
