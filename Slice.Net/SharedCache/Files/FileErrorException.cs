namespace Slice.Net.SharedCache.Files;

/// <summary>
/// The kernel's number for what is wrong with a file. Never leaves this folder: <see cref="FileTrouble"/> puts it into words.
/// </summary>
/// <param name="operation">What was tried, as a verb: <c>write</c>.</param>
/// <param name="name">On what: a name inside the shared directory.</param>
/// <param name="error">The number (errno).</param>
internal sealed class FileErrorException(string operation, string name, int error) : Exception($"{operation} {name}: errno {error}")
{
    /// <summary>What was tried, as a verb.</summary>
    public string Operation { get; } = operation;

    /// <summary>On what: a name inside the shared directory.</summary>
    public string Name { get; } = name;

    /// <summary>The number (errno).</summary>
    public int Error { get; } = error;
}
