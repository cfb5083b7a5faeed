title = "Tea"
