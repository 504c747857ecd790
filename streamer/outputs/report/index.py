def index_page(o):
    return ""
