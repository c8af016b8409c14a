namespace Slice.Core.Storage;

/// <summary>
/// A cache directory cannot be used. The message is one line for an operator: the directory, the cause, and what mends it.
/// </summary>
public sealed class CacheDirectoryException : IOException
{
    /// <summary>The reason in parts.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="cause">What kind of reason it is.</param>
    /// <param name="problem">The reason in words, about the directory as the subject.</param>
    /// <param name="remedy">What to do, with the command if there is one.</param>
    /// <param name="inner">Where it showed; null when nothing was thrown.</param>
    public CacheDirectoryException(string path, CacheDirectoryCause cause, string problem, string remedy, Exception? inner = null)
        : base($"{path}: {problem}; {remedy}", inner) =>
        (Path, Cause, Problem) = (path, cause, problem);

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>What kind of reason it is.</summary>
    public CacheDirectoryCause Cause { get; }

    /// <summary>The reason in words, without the directory and without what to do.</summary>
    public string Problem { get; }
}
