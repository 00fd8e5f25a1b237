//! What studies come to, as plain data: what is kept, merged and written. Reports know these, and nothing of how they came about.

pub mod check;
pub mod comparison;
pub mod counterfactual;
pub mod effort;
pub mod finding;
pub mod header;
pub mod parting;
pub mod price;
pub mod recommendation;
pub mod row;
pub mod table;
pub mod worst;
