template = "tea.html"
