using Slice.Net.Certificates;

namespace Slice.Host.Configuration;

/// <summary>A certificate that has expired, is not valid yet, or ends soon. Immutable.</summary>
/// <param name="Key">The key that names its file.</param>
/// <param name="File">The file.</param>
/// <param name="Problem">What is wrong with its period.</param>
internal sealed record CertificateWarning(string Key, string File, PeriodProblem Problem)
{
    /// <summary>All in one line.</summary>
    public override string ToString() => $"{Key}: {File}: {Problem.Text}";
}
