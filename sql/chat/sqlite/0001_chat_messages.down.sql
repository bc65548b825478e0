-- Loses data: everything that was said.
DROP TABLE chat_messages;
