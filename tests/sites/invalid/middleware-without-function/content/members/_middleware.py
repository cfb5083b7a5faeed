static_pages = "public"
