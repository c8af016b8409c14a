namespace Slice.Core.Objects;

/// <summary>
/// The body that is just filling a whole object, first byte to last, as the readers of the object see it: it goes on for as long as there
/// is one of them. Thread-safe.
/// </summary>
public interface IGenerationFill
{
    /// <summary>Begins to read the object; false when the fill has ended. Pair with <see cref="RemoveReader"/>.</summary>
    bool TryAddReader();

    /// <summary>Ends reading.</summary>
    void RemoveReader();
}
