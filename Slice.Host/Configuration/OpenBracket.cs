namespace Slice.Host.Configuration;

/// <summary>The place of a bracket in a file, both from 1.</summary>
internal readonly record struct OpenBracket(char Bracket, int Line, int Column)
{
    /// <summary>
    /// The innermost bracket that is open at the end of a text, or null. Brackets in quotes and comments do not count; those inside a value
    /// without quotes do, so this is for a text that is known to be broken.
    /// </summary>
    public static OpenBracket? Find(string text)
    {
        Stack<OpenBracket> open = [];
        (int line, int lineStart, char quote) = (1, 0, '\0');
        for (int at = 0; at < text.Length; at++)
        {
            char character = text[at];
            if (character == '\n')
            {
                (line, lineStart) = (line + 1, at + 1);
            }
            else if (quote != '\0')
            {
                at += quote == '"' && character == '\\' ? 1 : 0;
                quote = character == quote ? '\0' : quote;
            }
            else if (character is '"' or '\'')
            {
                quote = character;
            }
            else if (character == '#' && (at == 0 || char.IsWhiteSpace(text[at - 1])))
            {
                int end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end - 1;
            }
            else if (character is '[' or '{')
            {
                open.Push(new OpenBracket(character, line, at - lineStart + 1));
            }
            else if (character is ']' or '}' && open.Count > 0)
            {
                open.Pop();
            }
        }

        return open.Count > 0 ? open.Peek() : null;
    }
}
