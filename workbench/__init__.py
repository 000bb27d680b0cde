"""Look into a trained model: extract, project, measure, explain, draw."""
