//! What a plugin may reach, one module per import of the contract.
