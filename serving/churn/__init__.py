"""The churn API: asks the registered model about shoppers, over HTTP."""
