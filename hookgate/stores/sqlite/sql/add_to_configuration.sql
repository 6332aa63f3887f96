UPDATE configurations SET deliveries = deliveries + ?2 WHERE digest = ?1
