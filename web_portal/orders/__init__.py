"""Orders and what is collected by a code: the patient's pages and the pharmacist's queues."""
