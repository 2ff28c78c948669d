"""The main job once, on data of a cottage builder: every step goes through the component that does it in real life."""
