"""The pages, a module each: which figures stand where. What a figure means is gold's, how it is asked `queries`'.

The folder is not called pages: beside an application, Streamlit would run such files as pages of their own.
"""
