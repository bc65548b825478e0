-- Loses data: the register of all uploaded models. The files themselves stay where they are.
DROP TABLE uploaded_models;
