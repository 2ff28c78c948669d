from django.urls import path

from pipelines.views import board, deals

app_name = "deals"

urlpatterns = [
    path("", board.board, name="board"),
    path("stages/<int:pk>/cards/", board.stage_cards, name="stage_cards"),
    path("<int:pk>/", deals.detail, name="detail"),
    path("<int:pk>/moves/", deals.move, name="move"),
    path("<int:pk>/moves/<int:visit>/undo/", deals.undo_move, name="undo_move"),
    path("<int:pk>/notes/", deals.note, name="note"),
]
