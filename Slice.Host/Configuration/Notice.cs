namespace Slice.Host.Configuration;

/// <summary>What an operator is to know of a start, and is no fault: what was decided or moved. Immutable.</summary>
/// <param name="Key">The key, or the option of the command line, that it is of.</param>
/// <param name="Text">What is so, in words.</param>
/// <param name="Todo">What to do when something else is wanted; empty for nothing.</param>
public sealed record Notice(string Key, string Text, string Todo = "")
{
    /// <summary>All in one line, without the key.</summary>
    public override string ToString() => Todo.Length == 0 ? Text : $"{Text}; {Todo}";
}
