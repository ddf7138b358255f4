"""Where budgets will end: what a forecast is, how forecasts are combined, and how they are judged afterwards."""
