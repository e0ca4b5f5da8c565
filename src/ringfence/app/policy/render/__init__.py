"""The acceptable-use policy that people sign, written from the rules that decide.

`chapters` makes sentences of all that a policy says, each with its rule's name and line; `page` and
`markdown` write them down.
"""
