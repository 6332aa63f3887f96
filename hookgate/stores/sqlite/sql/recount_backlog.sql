UPDATE backlog
SET (tasks, bytes) = (
    SELECT count(*), coalesce(sum(length(body)), 0)
    FROM tasks LEFT JOIN deliveries ON deliveries.id = delivery_id
    WHERE status = 'pending'
)
WHERE id = 1
