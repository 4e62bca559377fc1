"""The recipe of the starter encoder: from running text to the folder that the wheel ships."""
