SELECT abs(
    (SELECT tasks FROM backlog) - (SELECT count(*) FROM tasks WHERE status = 'pending')
) + (
    (SELECT bytes FROM backlog) <> (
        SELECT coalesce(sum(length(body)), 0)
        FROM tasks JOIN deliveries ON deliveries.id = delivery_id
        WHERE status = 'pending'
    )
)
