from isrgen import redirect


def loader():
    return redirect("/nowhere/")
